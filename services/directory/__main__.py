"""`python -m services.directory`."""

from services.directory import cli
from services.directory.app import create_app
from services.directory.commands.erasures import erase_leavers
from services.directory.consumers import HANDLERS
from services.directory.couriers import couriers
from services.directory.privacy import CATALOGUE
from services.directory.settings import DirectorySettings
from services.directory.timers import TIMERS
from shared.runner import Service, run

SERVICE = Service(
    name="directory",
    settings=DirectorySettings,
    app=create_app,
    handlers=HANDLERS,
    catalogue=CATALOGUE,
    timers=TIMERS,
    couriers=couriers,
    read_models={"units": ("version",), "worker_records": ("pending", "recorded_at", "hold_id", "refused")},
    purges={"identity": erase_leavers},
    commands=cli.add,
)

if __name__ == "__main__":
    run(SERVICE)
