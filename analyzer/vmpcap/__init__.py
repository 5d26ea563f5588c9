"""vmpcap: was the link fit for the live migration, and did the guest stay reachable?"""

__version__ = "0.1.0"
