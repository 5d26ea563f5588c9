"""Whole scenarios, made by scapy: mechanisms of the guest's side, alone and mixed, and traffic that resembles them."""
