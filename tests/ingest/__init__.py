"""Publishing by `source_url`: a real server and imitations of GitHub and the Hugging Face Hub."""
