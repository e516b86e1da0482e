"""What moves user frames: carries out what a runner has decided."""
