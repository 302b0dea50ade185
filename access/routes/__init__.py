"""The paths of the web UI and of the API, each with the view that answers it."""
