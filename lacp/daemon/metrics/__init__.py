"""The teams of a process as metrics of Prometheus, over HTTP (``--metrics``)."""
