"""What can be wrong with a request for an import."""

from app.core.errors import Conflict, NotFound, Unprocessable


class ImportNotFound(NotFound):
    """No import of this id in your tenant: it was never one, or its report has been purged."""

    code, title = "import_not_found", "There is no such import"
    mend = "Take the id from the answer that started the import, or from GET /jobs?job_type=import_csv_products."


class ReportNotReady(Conflict):
    """The import has not ended, or it ended before its file could be read."""

    code, title = "report_not_ready", "The rejected rows can be downloaded once the import has ended"
    mend = "Wait until the job is completed; meanwhile the report can be read with format=json."


class MappingNotFound(NotFound):
    code, title = "mapping_not_found", "There is no such mapping"
    mend = "Take the id or the name from GET /scraping/mappings."


class MappingNameTaken(Conflict):
    code, title = "mapping_name_taken", "Another mapping has this name already"
    mend = "Choose another name, or change the mapping that has it."


class SourceNotFound(NotFound):
    code, title = "source_not_found", "There is no such source"
    mend = "Take the id from GET /scraping/sources."


class FileNotInspectable(Unprocessable):
    """Larger than 64 MiB and of a form whose beginning alone cannot be read."""

    code, title = "file_not_inspectable", "This file is too large to be looked at"
    mend = "Import it with `dry_run`, which reads all of it and writes nothing; or inspect a shorter file."


class AddressSilent(Unprocessable):
    """The address that the request names is away, slow, or answers with an error of its own."""

    code, title = "address_silent", "Nothing can be had from this address now"
    mend = "Open the address in a browser; try again when it answers."
