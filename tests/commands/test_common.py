"""What the commands share: where models and results may be written."""

import os
import tempfile

import pytest
from PIL import Image

from gankit.commands._common import check_target, find_jobs


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "in"
    for name in ("a.png", "a.jpg", "b.v2.jpg", "c/a.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 7)).save(folder / name)
    return folder


def test_no_result_overwrites_another(pictures, tmp_path):
    jobs = find_jobs([pictures], tmp_path / "out", overwrite=False)
    assert [file for file, _ in jobs] == sorted(file for file in pictures.rglob("*.*"))
    names = [result.relative_to(tmp_path / "out").as_posix() for _, result in jobs]
    assert names == ["a.jpg.png", "a.png.png", "b.v2.png", "c/a.png"]


def test_results_that_exist_are_replaced_only_when_asked(pictures, tmp_path):
    out = tmp_path / "out"
    (out / "c").mkdir(parents=True)
    (out / "c" / "a.png").touch()
    with pytest.raises(FileExistsError, match="1 of 4 results exist.*c/a.png'. Pass --overwrite"):
        find_jobs([pictures], out, overwrite=False)
    assert len(find_jobs([pictures], out, overwrite=True)) == 4


@pytest.mark.parametrize("overwrite", [False, True])
def test_pictures_are_never_replaced(pictures, tmp_path, overwrite):
    link = tmp_path / "link"
    link.symlink_to(pictures)
    for place in (pictures, link, tmp_path / "in" / "c" / ".."):
        with pytest.raises(ValueError, match="must not go into the folder of the pictures"):
            find_jobs([pictures], place, overwrite)
    for inside in (pictures / "out", pictures / "new" / "out", link / "out"):
        with pytest.raises(ValueError, match="folder of the pictures, where the next run would"):
            find_jobs([pictures], inside, overwrite)
        assert not inside.exists()
    assert len(find_jobs([pictures / "a.png"], pictures / "out", overwrite)) == 1
    with pytest.raises(ValueError, match="would replace a picture. Received: .*in/c/a.png'"):
        find_jobs([pictures / "c" / "a.png"], pictures / "c", overwrite)
    out = tmp_path / "out"
    out.mkdir()
    (out / "b.v2.png").symlink_to(pictures / "a.png")
    with pytest.raises(ValueError, match="would replace a picture"):
        find_jobs([pictures], out, overwrite)


def test_two_pictures_with_the_same_result(pictures, tmp_path):
    with pytest.raises(ValueError, match="same result.*c/a.png.png'. Received: .*Give each"):
        find_jobs([pictures / "c", pictures / "c" / "a.png"], tmp_path / "out" / "c", False)
    (pictures / "a.png.bmp").write_bytes((pictures / "a.png").read_bytes())
    with pytest.raises(ValueError, match="same result, .*out/a.png.png'"):
        find_jobs([pictures], tmp_path / "out", False)


def test_a_target_is_tried_before_the_training(tmp_path, monkeypatch):
    check_target(tmp_path / "new" / "model.keras")
    assert os.listdir(tmp_path / "new") == []
    (tmp_path / "folder.keras").mkdir()
    (tmp_path / "file").touch()
    for path, message in [
        (tmp_path / "model.h5", r"must end in \.keras. Received: '.*model.h5'"),
        (
            tmp_path / "folder.keras",
            "cannot be written .it is a folder.*Received: '.*folder.keras'",
        ),
        (tmp_path / "file" / "model.keras", "cannot be written .*Received: '.*file/model.keras'"),
        (tmp_path / f"{'m' * 300}.keras", "cannot be written .*too long"),
    ]:
        with pytest.raises(ValueError, match=message):
            check_target(path)

    def refuse(dir):
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(
        ValueError, match="cannot be written .*Permission denied.*Choose another name"
    ):
        check_target(tmp_path / "model.keras")
