"""The reconcile engine: it knows resources and their order, and no AWS service."""
