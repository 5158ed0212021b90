"""Images: plan, render, execute."""
