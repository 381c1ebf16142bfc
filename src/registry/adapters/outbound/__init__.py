"""GitHub, Hugging Face and a text model, over one shared httpx client. Their answers are checked, never believed."""
