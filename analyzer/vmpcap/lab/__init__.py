"""Made captures with known truth: a small network, simulated frame by frame. It knows the terms only."""
