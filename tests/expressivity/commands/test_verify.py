"""``expressivity verify``: exit codes and what is printed.

Kinds: reference (the codes and fields of docs/formats.md).
"""

import sample_run as sample


def test_a_whole_folder_is_said_to_be_whole(call, out):
    sample.ordinary(out)
    answer = call("verify", out)
    assert (answer.code, answer.out, answer.err) == (0, f"{out}: whole, 5 units\n", "")
    answer = call("verify", out, "--json")
    assert answer.code == 0
    assert answer.document == {
        "schema": "expressivity.verify/1", "run": str(out), "whole": True, "units": 5,
        "damaged": [], "foreign": [], "missing": [], "failed": [], "unfinished": [], "parts": [],
    }  # fmt: skip


def test_a_damaged_one_is_not_and_the_command_that_mends_it_is_named(call, out, tmp_path):
    sample.ordinary(out)
    other = sample.unit(sample.Kind.LA, 7)
    there = sample.write_run(tmp_path / "there", [(other, sample.result(other))])
    (shard,) = (there / "units").iterdir()
    (out / "units" / shard.name).write_bytes(shard.read_bytes())
    first = min((out / "units").iterdir(), key=lambda file: file.name == shard.name)
    first.write_bytes(first.read_bytes()[:-9])
    answer = call("verify", out)
    assert (answer.code, answer.err) == (1, "")
    told = answer.out.splitlines()
    assert told[0] == f"{out}: not whole, 4 units"
    assert told[1].startswith(f"damaged: units/{first.name}: ")
    assert told[2] == f"of another run: units/{shard.name}"
    assert told[3].endswith(" is made anew by: expressivity separate t2 --out 'a folder'")
    assert "may be deleted" in told[4]
    document = call("verify", out, "--json").document
    assert [fault["file"] for fault in document["damaged"]] == [f"units/{first.name}"]
    assert document["foreign"] == [f"units/{shard.name}"]


def test_what_is_no_run_folder_is_refused(call, tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        answer = call("verify", path)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("expressivity: required: a run folder; ")
        assert ("is no folder" in answer.err) == (path != tmp_path)
