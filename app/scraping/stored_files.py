"""The files of imports, which are kept as long as their jobs: to read them again when an attempt fails or a person
confirms, and to show what went in.
"""

from app.core.storage.contract import belongs_to
from app.queue.outcome import Outcome
from app.queue.run import Run
from app.scraping import downloads

DELETE_FILES = "delete_import_files"


async def delete_files(run: Run) -> Outcome:
    """Delete what imports that are no longer kept have stored. Repeatable: a file that is gone already is fine."""
    keys = list(_keys(run))
    for done, key in enumerate(keys, start=1):
        await run.resources.store.delete(key)
        await run.progress(processed=done, total=len(keys))
    return Outcome.ok({"deleted": len(keys)})


def _keys(run: Run) -> list[str]:
    jobs = run.params["jobs"]
    found = [
        str(params.get("object_key") or downloads.key_of(run.tenant_id, job["job_id"]))
        for job in (jobs if isinstance(jobs, list) else ())
        if isinstance(job, dict) and isinstance(params := job["params"], dict)
    ]
    return [key for key in found if run.tenant_id is not None and belongs_to(key, run.tenant_id)]
