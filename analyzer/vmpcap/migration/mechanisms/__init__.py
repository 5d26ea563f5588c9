"""Every way of keeping a guest reachable: how it is recognised, what it must do after a switchover, whether it did."""
