"""The settings of the service, for the commands that are a part of it; a wrong one is said by its variable's name."""

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from app.cli.endings import Failed

if TYPE_CHECKING:
    from app.settings import Settings


def service_settings(http: dict[str, Any] | None = None, **given: Any) -> "Settings":
    """Settings of the environment, what is given here before it. Raises Failed with every wrong one."""
    from app.settings import HttpSettings, Settings

    try:
        return Settings(http=HttpSettings(**http or {}), **given)
    except ValidationError as error:
        faults = [f"  OCTET_{'_'.join(map(str, f['loc'])).upper()}: {f['msg']}" for f in error.errors()]
        raise Failed("\n".join(["the settings of the service break a rule:", *faults])) from error
