"""The model as metrics of Prometheus, which docs/metrics.md describes."""
