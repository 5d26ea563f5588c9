"""Tests of made captures: the simulation itself, what tshark reads in them, what a report says of them."""
