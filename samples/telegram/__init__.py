"""The Telegram preview at t.me: channels read from the content folder, shown in the markup of 2026."""
