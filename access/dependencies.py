"""What a route gets from the app that serves it: the archive, the frames drawn last, the door to the replay host.

In: a request. Out: the objects that `access.app.create_app` has put on the app. Every route of the app asks for a
user before it asks for any of these.
"""

from typing import Annotated

from fastapi import Depends, Request

from access.replay.door import ReplayDoor
from access.views.video_frames import FrameCache
from storage.archive import Archive


def archive(request: Request) -> Archive:
    """The archive, which the first request that needs it opens."""
    opened: Archive = request.app.state.open_archive()
    return opened


def frame_cache(request: Request) -> FrameCache:
    """The frames of videos that this app has drawn."""
    frames: FrameCache = request.app.state.frames
    return frames


def replay_door(request: Request) -> ReplayDoor | None:
    """The door to the replay host; None where there is none."""
    door: ReplayDoor | None = request.app.state.replay()
    return door


ReplayDependency = Annotated[ReplayDoor | None, Depends(replay_door)]
ArchiveDependency = Annotated[Archive, Depends(archive)]
FramesDependency = Annotated[FrameCache, Depends(frame_cache)]
