"""Bytes as files in a folder of this host."""

from registry.adapters.filesystem.blobs import FilesystemBlobStore

__all__ = ["FilesystemBlobStore"]
