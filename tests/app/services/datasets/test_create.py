import dataclasses

import pytest

from app.errors import Conflict, Invalid
from app.services.datasets.create import BadArchive, BadDatasetName, BadLabels, NameTaken, create_dataset
from app.services.datasets.read import get_dataset, list_datasets
from app.services.datasets.remove import remove_dataset
from app.storage import FolderStorage
from models.packed import PackedDataset
from tests.app.services.runs.test_lease import at_once
from tests.support.uploads import an_upload


def test_a_data_set_says_what_is_in_it(parts, tmp_path):
    view, created = create_dataset(parts, an_upload(tmp_path / "up"))
    assert created
    assert (view.name, view.files, view.problems, view.ignored) == ("words", 40, [], [])
    assert view.bytes == sum(len(("good ", "bad ")[i % 2]) * (5 + i) for i in range(40))
    assert view.targets["Sentiment"]["type"] == "categorical"
    assert view.targets["Sentiment"]["classes"] == {"Negative": 20, "Positive": 20}
    assert (view.targets["level"]["type"], view.targets["level"]["labelled"]) == ("continuous", 40)
    assert view.lengths["min"] == 24
    assert view.created.endswith("Z")
    assert get_dataset(parts, view.id) == view


def test_the_stored_pack_is_whole_and_nothing_else_is_left_on_disk(parts, tmp_path):
    view, _ = create_dataset(parts, an_upload(tmp_path / "up"))
    packed = PackedDataset.open(parts.storage.local(f"datasets/{view.digest}"))
    packed.verify()
    assert len(packed) == 40
    assert list(parts.settings.incoming_dir.iterdir()) == []


def test_what_watches_may_end_the_packing_and_nothing_stays(parts, tmp_path):
    def watch():
        raise InterruptedError("the service is being stopped")

    with pytest.raises(InterruptedError):
        create_dataset(parts, an_upload(tmp_path / "up"), watch)
    assert list(parts.settings.incoming_dir.iterdir()) == []
    assert list_datasets(parts, after=None, limit=10).datasets == []


def test_the_same_name_with_the_same_content_is_the_old_one(parts, tmp_path):
    first, _ = create_dataset(parts, an_upload(tmp_path / "one"))
    again, created = create_dataset(parts, an_upload(tmp_path / "two"))
    assert (again, created) == (first, False)


def test_the_same_name_with_other_content_is_refused_and_leaves_no_files(parts, tmp_path):
    first, _ = create_dataset(parts, an_upload(tmp_path / "one"))
    with pytest.raises(NameTaken, match=first.id):
        create_dataset(parts, an_upload(tmp_path / "two", mark="!"))
    assert [folder.name for folder in parts.storage.local("datasets").iterdir()] == [first.digest]


def test_eight_uploads_of_one_name_at_once_make_one_data_set(parts, tmp_path):
    uploads = [an_upload(tmp_path / str(n)) for n in range(8)]
    made = at_once(8, lambda n: create_dataset(parts, uploads[n]))
    assert sorted(created for _, created in made) == [False] * 7 + [True]
    assert len({view.id for view, _ in made}) == 1


def test_names_that_share_a_content_share_its_files_until_the_last_is_removed(parts, tmp_path):
    one, _ = create_dataset(parts, an_upload(tmp_path / "one", "one"))
    two, _ = create_dataset(parts, an_upload(tmp_path / "two", "two"))
    assert one.digest == two.digest
    remove_dataset(parts, one.id)
    PackedDataset.open(parts.storage.local(f"datasets/{two.digest}")).verify()
    remove_dataset(parts, two.id)
    assert not parts.storage.exists(f"datasets/{two.digest}")
    assert list_datasets(parts).datasets == []


def test_a_content_that_is_removed_and_uploaded_at_once_is_never_without_its_files(parts, tmp_path):
    old, _ = create_dataset(parts, an_upload(tmp_path / "old", "old"))
    uploads = [an_upload(tmp_path / str(n), f"new {n}") for n in range(4)]

    def work(number):
        return remove_dataset(parts, old.id) if number == 4 else create_dataset(parts, uploads[number])

    at_once(5, work)
    PackedDataset.open(parts.storage.local(f"datasets/{old.digest}")).verify()


class Interrupted(FolderStorage):
    """A storage in which somebody else acts between the first file of a pack and the second."""

    def __init__(self, root, act):
        super().__init__(root)
        self._acts = [act]

    def put(self, key, source, **checked):
        blob = super().put(key, source, **checked)
        if self._acts:
            self._acts.pop()()
        return blob


def test_a_content_that_is_removed_between_two_files_of_its_upload_is_whole_again(parts, tmp_path):
    old, _ = create_dataset(parts, an_upload(tmp_path / "old", "old"))
    storage = Interrupted(parts.settings.storage_dir, lambda: remove_dataset(parts, old.id))
    view, created = create_dataset(dataclasses.replace(parts, storage=storage), an_upload(tmp_path / "new", "new"))
    assert created
    PackedDataset.open(parts.storage.local(f"datasets/{view.digest}")).verify()


def test_a_refused_upload_of_the_same_content_takes_no_file_from_one_under_way(parts, tmp_path):
    create_dataset(parts, an_upload(tmp_path / "taken", "taken", mark="!"))

    def refused():
        with pytest.raises(NameTaken):
            create_dataset(parts, an_upload(tmp_path / "refused", "taken"))

    storage = Interrupted(parts.settings.storage_dir, refused)
    view, _ = create_dataset(dataclasses.replace(parts, storage=storage), an_upload(tmp_path / "new", "new"))
    PackedDataset.open(parts.storage.local(f"datasets/{view.digest}")).verify()


@pytest.mark.parametrize("name", ["", "a/b", "line\nbreak", "x" * 201])
def test_a_name_that_is_none_is_refused(parts, tmp_path, name):
    with pytest.raises(BadDatasetName) as refused:
        create_dataset(parts, an_upload(tmp_path / "up", name))
    assert refused.value.faults[0].pointer == "/name"


def test_bad_labels_and_bad_archives_name_their_part_and_leave_nothing(parts, tmp_path):
    upload = an_upload(tmp_path / "up")
    broken = dataclasses.replace(upload, archive=upload.labels)
    with pytest.raises(BadArchive) as archive:
        create_dataset(parts, broken)
    upload.labels.write_text("nothing here")
    with pytest.raises(BadLabels) as labels:
        create_dataset(parts, upload)
    assert archive.value.faults[0].pointer == "/archive"
    assert labels.value.faults[0].pointer == "/labels"
    assert list(parts.settings.incoming_dir.iterdir()) == []
    assert list_datasets(parts).datasets == []


def test_a_declared_kind_overrules_and_an_unknown_kind_is_refused(parts, tmp_path):
    upload = an_upload(tmp_path / "up")
    view, _ = create_dataset(parts, dataclasses.replace(upload, declared={"level": "categorical"}))
    assert view.targets["level"]["type"] == "categorical"
    with pytest.raises(BadLabels, match="ordinal"):
        create_dataset(parts, dataclasses.replace(upload, declared={"level": "ordinal"}))


def test_single_files_make_the_same_data_set_as_an_archive(parts, tmp_path):
    view, _ = create_dataset(parts, an_upload(tmp_path / "up"))
    paths = []
    for number in range(40):
        path = tmp_path / f"{number}.part"
        path.write_bytes(("good ", "bad ")[number % 2].encode() * (5 + number))
        paths.append((f"r{number:02d}.txt", path))
    upload = an_upload(tmp_path / "up", "single")
    single, _ = create_dataset(parts, dataclasses.replace(upload, archive=None, files=paths))
    assert single.digest == view.digest


def test_pages_of_data_sets_go_from_the_newest_to_the_oldest(parts, tmp_path):
    for number in range(5):
        create_dataset(parts, an_upload(tmp_path / str(number), f"set {number}"))
    names, after = [], None
    while True:
        page = list_datasets(parts, after=after, limit=2)
        names += [view.name for view in page.datasets]
        if (after := page.next) is None:
            break
    assert names == [f"set {number}" for number in (4, 3, 2, 1, 0)]


def test_errors_are_of_the_classes_that_clients_know():
    assert issubclass(NameTaken, Conflict)
    assert all(issubclass(error, Invalid) for error in (BadArchive, BadLabels, BadDatasetName))
