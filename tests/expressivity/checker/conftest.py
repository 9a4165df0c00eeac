"""Genuine certificates, for tests that tamper with them."""

import pytest
from certificates_by_hand import (
    TARGET,
    exact_network,
    half_plane,
    lower_certificate,
    upper_certificate,
)


@pytest.fixture(scope="module")
def genuine():
    return lower_certificate(TARGET, half_plane, width=2)


@pytest.fixture(scope="module")
def genuine_upper():
    return upper_certificate("1e-20", exact_network())
