"""Documents and files.

Kinds: soundness (a flipped bit is refused, a power cut leaves a whole file), negative (documents
that are none, or of another schema).
"""

import os
from pathlib import Path

import pytest

from expressivity import output
from expressivity.output import (
    DamagedDocumentError,
    read_document,
    sealed,
    write_atomically,
    write_document,
)

DOCUMENT = {"schema": "some/1", "value": 0.1, "text": "Straße", "rows": [1, None, True]}


def test_a_document_is_read_back_and_no_flipped_bit_of_it(tmp_path):
    file = tmp_path / "a.json"
    write_document(file, DOCUMENT)
    assert read_document(file, "some/1") == read_document(file) == sealed(DOCUMENT)
    whole = file.read_bytes()
    for position in range(len(whole.rstrip())):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            file.write_bytes(bytes(damaged))
            try:
                found = read_document(file, "some/1")
            except DamagedDocumentError:
                continue
            assert found == sealed(DOCUMENT)  # white space that became other white space


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"[" * 99_999, b"\xff", b'{"a": 1}'])
def test_what_is_no_document_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    for file in (tmp_path / "a.json", tmp_path / "none.json", tmp_path):
        with pytest.raises(DamagedDocumentError, match=r"^required: a readable [^\n]+$"):
            read_document(file)


def test_what_is_missing_is_not_called_damaged(tmp_path):
    for file, said in ((tmp_path / "none.json", "there is no "), (tmp_path, "Is a directory")):
        with pytest.raises(DamagedDocumentError, match=said) as caught:
            read_document(file)
        assert "damaged" not in str(caught.value)


def test_a_document_of_another_schema_is_refused_and_not_called_damaged(tmp_path):
    write_document(tmp_path / "a.json", DOCUMENT)
    with pytest.raises(ValueError, match="it is of schema 'some/1'") as caught:
        read_document(tmp_path / "a.json", "some/2")
    assert not isinstance(caught.value, DamagedDocumentError)


def synced(monkeypatch) -> list[tuple[str, Path]]:
    """What is synced and renamed, in order."""
    done: list[tuple[str, Path]] = []
    sync, rename = output._sync, Path.replace
    monkeypatch.setattr(output, "_sync", lambda path: (done.append(("sync", path)), sync(path)))

    def replace(old: Path, new: Path) -> Path:
        done.append(("rename", new))
        return rename(old, new)

    monkeypatch.setattr(Path, "replace", replace)
    return done


def test_a_file_is_synced_before_it_is_renamed_and_its_folder_after(tmp_path, monkeypatch):
    done, file = synced(monkeypatch), tmp_path / "new" / "a"
    write_atomically(file, lambda temporary: temporary.write_text("content"))
    temporary = file.with_name(f".a.{os.getpid()}")
    assert done == [
        ("sync", tmp_path),  # in which the folder is new
        ("sync", temporary),
        ("rename", file),
        ("sync", file.parent),
    ]


def test_a_file_system_that_syncs_no_folders_is_no_error_and_a_failing_one_is(
    tmp_path, monkeypatch
):
    def refuse(handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    code = 22
    write_atomically(tmp_path / "a", lambda temporary: temporary.write_text("content"))
    assert (tmp_path / "a").read_text() == "content"
    code = 5
    with pytest.raises(OSError, match="Input/output error"):
        write_atomically(tmp_path / "a", lambda temporary: temporary.write_text("other"))
    assert (tmp_path / "a").read_text() == "content"
