"""The list of migrations can be followed from any version to the newest."""

from kinso.database.migrations import MIGRATIONS
from kinso.models.text import FOLDING


def test_the_numbers_have_no_gaps_and_the_titles_differ():
    assert [migration.number for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert len({migration.title for migration in MIGRATIONS}) == len(MIGRATIONS)


def test_the_present_edition_of_the_compared_forms_has_a_migration():
    assert any(migration.title.endswith(f"compared form of edition {FOLDING}") for migration in MIGRATIONS)
