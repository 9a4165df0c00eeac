"""Alterations of a JSON document, at a path of keys."""


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
