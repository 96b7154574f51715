"""Saves the state soon after a change, and once more at the end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_gw.local import state_file
from cognito_gw.local.logs import deliver_everywhere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

    from cognito_gw.local.apigateway.snapshot import Snapshots
    from cognito_gw.local.dispatch import ControlPlane
    from cognito_gw.local.events import Activity
    from cognito_gw.local.state_file import Saved

# A command makes many changes in a row, and they are worth one save.
PAUSE_SECONDS = 0.2
CHANGES = ("change", "mail")  # logs are saved along with them

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keeper:
    """Keeps what moto and the deployments hold in a file."""

    saved: Saved
    port: int
    snapshots: Snapshots
    activity: Activity
    control: ControlPlane

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """Begin with what is saved, save while the application runs, and at its end."""
        await self.control.run(self._restore)
        keeping = asyncio.create_task(self._keep())
        yield
        self.activity.close()
        await keeping
        await self._save()

    def _restore(self) -> None:
        self.saved.claim()
        state = self.saved.read()
        if state is None:
            return
        try:
            state_file.load(state, self.snapshots)
        except Exception as error:
            raise self.saved.unusable(str(error)) from error

    def _state(self) -> bytes:
        deliver_everywhere()
        return state_file.dump(self.snapshots)

    async def _keep(self) -> None:
        """Save after each change, until the activity is closed."""
        done = self.activity.last_id
        async with aclosing(self.activity.follow()) as events:
            async for event in events:
                if event.kind in CHANGES and event.id > done:
                    await asyncio.sleep(PAUSE_SECONDS)
                    done = self.activity.last_id
                    await self._save()

    async def _save(self) -> None:
        """Save; where that fails, what was saved before stays."""
        try:
            state = await self.control.run(self._state)
            await asyncio.to_thread(self.saved.write, state, self.port)
        except OSError as error:  # the disk is full
            log.warning("the state cannot be saved: %s", error.strerror)
        except Exception:
            log.exception("the state cannot be saved")
