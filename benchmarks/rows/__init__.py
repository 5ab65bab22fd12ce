"""The rows of the report: each module measures one, and returns its metrics."""
