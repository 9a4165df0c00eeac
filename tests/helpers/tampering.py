"""Alterations of a JSON document, at a path of keys."""

from certificates_by_hand import seal

from expressivity.checker import check_document


def change(*path, to):
    def tamper(document):
        node = document
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = to(node[path[-1]]) if callable(to) else to

    return tamper


def drop(*path):
    def tamper(document):
        node = document
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]

    return tamper


def assert_rejected(document):
    """Rejected by its digest, and sealed anew for another reason, in one line."""
    assert check_document(document).outcome == "rejected"
    answer = check_document(seal(document))
    assert answer.outcome == "rejected", answer.reason
    assert "digest" not in answer.reason
    assert "\n" not in answer.reason
