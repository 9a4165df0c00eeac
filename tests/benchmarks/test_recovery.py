"""Own-class recovery.

Kinds: property (a teacher that is found, one whose time is over; a run that is taken up again),
reference (a table by hand), negative (options).
"""

import json
from dataclasses import replace

import pytest

from benchmarks.recovery import FOUND, HOW, Lesson, distance, learned, main, read, table, teacher_of
from expressivity.classes.catalogue import family_named

LESSON = Lesson(
    name="la:1", teacher=0, how="search", error=1e-15, rounds=3, seconds=2.0,
    processor_seconds=1.0, limit=60.0, clock="wall", threads=1,
)  # fmt: skip


@pytest.mark.parametrize("how", HOW)
def test_a_small_class_finds_its_network(how: str):
    lesson = learned("la:1", 0, 600.0, how=how)
    assert lesson.found and lesson.error <= FOUND
    assert lesson.rounds >= 1 and lesson.seconds > 0 and lesson.how == how


def test_time_is_over_after_a_generation():
    lesson = learned("la:4", 0, 0.0)
    assert not lesson.found and lesson.rounds == 1 and lesson.error < 1


def test_teachers_are_not_alike():
    family = family_named("la", 1, 2)
    first_P, second_P = (teacher_of(family, number) for number in (0, 1))
    assert distance(family, first_P, first_P) == 0
    assert distance(family, second_P, first_P) > 1e-2


def test_a_run_is_taken_up_where_it_stopped(tmp_path, capsys):
    out = tmp_path / "lessons.jsonl"
    kept = [replace(LESSON, teacher=0), replace(LESSON, teacher=1, error=1e-3)]
    out.write_text("".join(json.dumps(vars(lesson)) + "\n" for lesson in kept))
    main(["--classes", "la:1", "--teachers", "3", "--factor", "1e-9", "--out", str(out)])
    assert read(out)[:2] == kept
    assert [lesson.teacher for lesson in read(out)] == [0, 1, 2]
    assert "| la:1 | search | 60 wall |" in capsys.readouterr().out


def test_a_table_by_hand():
    other = replace(LESSON, how="restarts", clock="processor", error=2e-4, teacher=7)
    assert list(table([LESSON, other]))[2:] == [
        "| la:1 | search | 60 wall | 1 of 1 | 2.0 (2.0) | 3 |  |",
        "| la:1 | restarts | 60 processor | 0 of 1 | 1.0 (1.0) | 3 | 7: 2.0e-04 |",
    ]


@pytest.mark.slow
def test_searches_side_by_side_give_the_lesson_of_the_first_that_finds(tmp_path, capsys):
    out = tmp_path / "lessons.jsonl"
    main(["--classes", "la:1", "--teachers", "1", "--searches", "2", "--out", str(out)])
    (lesson,) = read(out)
    assert lesson.found and lesson.searches == 2
    assert "| la:1 | 2 x search | 60 wall | 1 of 1 |" in capsys.readouterr().out


def test_a_search_that_is_told_to_stop_does():
    lesson = learned("la:4", 0, 600.0, place=1, stop=lambda: True)
    assert not lesson.found and lesson.rounds == 1


@pytest.mark.slow
def test_places_have_seeds_of_their_own():
    errors = {learned("la:4", 0, 0.0, place=place).error for place in (0, 1, 2)}
    assert len(errors) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--classes", "la:9"], "required: classes of la:1,"),
        (["--teachers", "0"], "at least 1"),
        (["--searches", "0"], "at least 1"),
        (["--factor", "nan"], "positive finite --factor"),
    ],
)
def test_options_that_are_refused(options: list[str], message: str, capsys):
    with pytest.raises(SystemExit):
        main(options)
    assert message in capsys.readouterr().err
