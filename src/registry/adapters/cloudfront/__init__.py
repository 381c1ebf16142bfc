"""CloudFront's API: what its edges are to forget."""

from registry.adapters.cloudfront.invalidation import CloudFrontEdge, open_edge

__all__ = ["CloudFrontEdge", "open_edge"]
