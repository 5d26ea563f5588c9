"""What routing protocols and gateway redundancy protocols say of where addresses live: one file per protocol."""
