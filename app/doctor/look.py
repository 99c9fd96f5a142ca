"""All that the doctor looks at: here, with the settings of the service, or at a service elsewhere."""

from app.doctor.broker import look_at_broker
from app.doctor.database import look_at_database
from app.doctor.findings import Finding, Look, examine
from app.doctor.machine import TORCH_S, look_at_device, look_at_open_files, look_at_port, look_at_versions
from app.doctor.remote import look_at_service
from app.doctor.storage import look_at_storage
from app.settings import Settings


def look_here(settings: Settings) -> list[Finding]:
    """Every part of a service with these settings, as far as it can be seen from this machine."""
    checks: dict[str, Look] = {
        "versions": look_at_versions,
        "device": lambda: look_at_device(settings),
        "database": lambda: look_at_database(settings),
        "broker": lambda: look_at_broker(settings),
        "storage": lambda: look_at_storage(settings),
        "port": lambda: look_at_port(settings),
        "open files": look_at_open_files,
    }
    return examine(checks, {"device": TORCH_S})


def look_there(url: str) -> list[Finding]:
    """A service by its address."""
    return examine({"service": lambda: look_at_service(url)}, {})
