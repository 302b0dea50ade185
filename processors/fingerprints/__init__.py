"""Perceptual fingerprints of pictures and videos: pHash, PDQ, regions, thumbnails, frames."""
