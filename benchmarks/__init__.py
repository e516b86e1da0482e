"""What the parts cost, each beside a reference measured in the same run."""
