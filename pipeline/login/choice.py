"""What a person may choose who wants pages with a login, checked before anything is written down.

In: the settings' folder of profiles, the name that was chosen. Out: the name. No profile is opened for it: who
takes requests needs no keys of profiles. Whether the profile opens, and goes by the same egress profile, is seen
where the page is fetched.
"""

from pipeline.login.profiles import ProfileError, ProfileStore


def chosen_profile(store: ProfileStore, name: str | None, *, video: bool = False) -> str | None:
    """The name of a profile that is there; None where none was chosen. Raises `ProfileError`."""
    chosen = (name or "").strip()
    if not chosen:
        return None
    if chosen not in store.names():
        known = ", ".join(store.names()) or "none"
        raise ProfileError(f"There is no login {chosen[:64]!r}; those there are: {known}. Nothing was fetched.")
    if video:
        raise ProfileError(
            "Video and audio behind players are looked for without a login: choose one of the two. Nothing was "
            "fetched."
        )
    return chosen
