"""Files: every kind of content, parts of files, listings, moving, permissions, other users."""

import io
import tempfile

from opensandbox import SandboxSync
from opensandbox.exceptions import SandboxApiException
from opensandbox.models import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SearchEntry,
    SetPermissionEntry,
    WriteEntry,
)


def writing(files):
    files.create_directories([WriteEntry(path="/tmp/w/sub", mode=755)])
    with tempfile.TemporaryFile() as file:
        file.write(b"from disk")
        file.seek(0)
        files.write_files(
            [
                WriteEntry(path="/tmp/w/s.txt", data="Hello World", mode=644),
                WriteEntry(path="/tmp/w/b.bin", data=b"\x00\xff", mode=600),
                WriteEntry(path="/tmp/w/io.bin", data=io.BytesIO(b"from memory")),
                WriteEntry(path="/tmp/w/file", data=file),
                WriteEntry(path="/tmp/w/latin.txt", data="caf\u00e9", encoding="latin-1"),
                WriteEntry(path="/tmp/w/empty", data=""),
            ]
        )
    files.write_file("/tmp/w/lines", "1\n2\n3\n4\n", mode=640, owner="root", group="root")
    for name in ("s.txt", "file", "empty"):
        print(name, repr(files.read_file(f"/tmp/w/{name}")))
    print(files.read_bytes("/tmp/w/b.bin"), files.read_bytes("/tmp/w/io.bin"))
    print(files.read_file("/tmp/w/latin.txt", encoding="latin-1"))


def reading(files):
    print(files.read_bytes("/tmp/w/s.txt", range_header="bytes=0-4"))
    print(repr(files.read_file("/tmp/w/lines", offset=2, limit=2)))
    print(list(files.read_bytes_stream("/tmp/w/s.txt", chunk_size=4)))
    info = files.get_file_info(["/tmp/w/s.txt", "/tmp/w/b.bin"])
    told = info["/tmp/w/s.txt"]
    print(sorted(info), told.path, told.size, told.mode, told.owner, told.group, told.entry_type)
    print(told.modified_at.tzinfo is not None, sorted(told.model_dump(by_alias=True)))
    print([entry.path for entry in files.search(SearchEntry(path="/tmp/w", pattern="*.txt"))])
    listed = files.list_directory(DirectoryListEntry(path="/tmp/w", depth=1))
    print(sorted((entry.path, entry.entry_type) for entry in listed))


def changing(files):
    files.move_files([MoveEntry(src="/tmp/w/s.txt", dest="/tmp/w/moved.txt")])
    files.move_files([MoveEntry(source="/tmp/w/moved.txt", destination="/tmp/w/again.txt")])
    files.set_permissions([SetPermissionEntry(path="/tmp/w/again.txt", mode=600)])
    replace = ContentReplaceEntry(path="/tmp/w/again.txt", old_content="l", new_content="L")
    print([(r.path, r.replaced_count) for r in files.replace_contents_detailed([replace])])
    files.replace_contents(
        [ContentReplaceEntry(path="/tmp/w/again.txt", old_content="World", new_content="There")]
    )
    print(files.read_file("/tmp/w/again.txt"))
    files.delete_files(["/tmp/w/again.txt"])
    files.delete_directories(["/tmp/w/sub"])


def refusals(files):
    for call in (
        lambda: files.read_file("/nope"),
        lambda: files.read_bytes("/tmp/w"),
        lambda: files.get_file_info(["/nope"]),
        lambda: files.delete_files(["/tmp/w"]),
        lambda: files.search(SearchEntry(path="/nope", pattern="*")),
        lambda: files.list_directory(DirectoryListEntry(path="/nope")),
        lambda: files.move_files([MoveEntry(src="/nope", dest="/tmp/q")]),
        lambda: files.set_permissions([SetPermissionEntry(path="/nope", mode=600)]),
    ):
        try:
            call()
        except SandboxApiException as error:
            print(error.status_code, error.error.code)
    # Told when it is opened, before anything is read.
    try:
        files.read_bytes_stream("/nope")
    except SandboxApiException as error:
        print(error.status_code)
    print(files.delete_files(["/nope"]), files.write_files([]))
    for wrong in (
        lambda: WriteEntry(path=""),
        lambda: WriteEntry(path="/x", mode=-1),
        lambda: MoveEntry(src="", dest="/a"),
        lambda: SearchEntry(path="/", pattern=""),
        lambda: DirectoryListEntry(path="/", depth=-1),
        lambda: WriteEntry(data="x"),
    ):
        try:
            wrong()
        except ValueError:
            print("ValueError")


sandbox = SandboxSync.create("ubuntu")
with sandbox:
    for part in (writing, reading, changing, refusals):
        part(sandbox.files)
    other = sandbox.files_with_identity(1000, 1000)
    try:
        other.write_file("/root/x", "no")
    except SandboxApiException as error:
        print(error.status_code, error.error.code)
    sandbox.commands.run("chmod 777 /tmp/w")
    other.write_file("/tmp/w/own", "o")
    print(sandbox.commands.run("stat -c %u /tmp/w/own").text)
    sandbox.kill()
