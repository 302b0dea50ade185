"""Chromium behind the recorder: started, shown one page at a time, and pictured."""
