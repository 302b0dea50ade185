"""Video and audio behind players: yt-dlp as one more client of the recorder, in a process of its own per page."""
