"""The eleven metrics: one file, one question, one formula each, all pure."""
