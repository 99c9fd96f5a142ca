"""What only the data can refuse: targets that are not there or not of the kind, too few files."""

from models.config import manual_id_faults
from tests.models.config.bodies import chosen, classes, faults_of, numbers, summary, tutorial, with_value


def two_classes(files):
    return classes(Negative=files - 1, Positive=1)


def test_an_unknown_target_is_told_the_nearest_name():
    body = with_value(tutorial(), "/output/output_type_info/target_cat_columns", ["Sentiment", "Skore"])
    assert '"Score"' in faults_of(body)["/output/output_type_info/target_cat_columns/1"]


def test_names_are_no_numbers():
    body = with_value(tutorial(), "/output/output_type_info", {"target_con_columns": ["Sentiment"]})
    assert "no column of numbers" in faults_of(body)["/output/output_type_info/target_con_columns/0"]


def test_a_declared_kind_overrules_the_column_where_its_cells_allow():
    body = with_value(tutorial(), "/output/output_type_info", {"target_con_columns": ["Stars"]})
    body["output"]["output_type_info"]["target_cat_columns"] = ["Score"]
    assert faults_of(body) == {}


def test_one_class_or_one_label_is_too_little():
    few = summary(10, Sentiment=classes(a=10), one=classes(a=1), number=numbers(1))
    body = with_value(tutorial(), "/output/output_type_info/target_cat_columns", ["Sentiment", "one"])
    body["output"]["output_type_info"]["target_con_columns"] = ["number"]
    assert set(faults_of(body, few)) == {
        "/output/output_type_info/target_cat_columns/0",
        "/output/output_type_info/target_cat_columns/1",
        "/output/output_type_info/target_con_columns/0",
    }


def test_the_binary_loss_takes_two_classes():
    body = with_value(tutorial(), "/output/output_type_info/cat_loss_name", "BCEWithLogitsLoss")
    assert faults_of(body) == {}
    body["output"]["output_type_info"]["target_cat_columns"] = ["Kind"]
    assert "takes two" in faults_of(body)["/output/output_type_info/target_cat_columns/0"]


def test_named_validation_files_replace_the_share():
    body = with_value(tutorial(), "/globals/basic_experiment/manual_valid_ids", ["a", "b"])
    got = chosen(body)
    assert got.config.globals.basic_experiment.manual_valid_ids == ["a", "b"]
    assert "/globals/basic_experiment/valid_size" in [note["pointer"] for note in got.notes]
    body["globals"]["basic_experiment"]["manual_valid_ids"] = [str(at) for at in range(320)]
    assert list(faults_of(body)) == ["/globals/basic_experiment/manual_valid_ids"]


def test_unknown_validation_files_are_one_fault_that_names_them():
    config = chosen(with_value(tutorial(), "/globals/basic_experiment/manual_valid_ids", ["a", "x", "b", "y"])).config
    (fault,) = manual_id_faults(config, {"a", "b"}.__contains__)
    assert fault.pointer == "/globals/basic_experiment/manual_valid_ids"
    assert fault.detail == 'names 2 IDs the data set does not have: "x", "y"; use those of the labels.'
    assert manual_id_faults(config, {"a", "b", "x", "y"}.__contains__) == []
    assert manual_id_faults(chosen(tutorial()).config, lambda _: False) == []


def test_of_many_unknown_files_ten_are_named():
    ids = [f"f{at}" for at in range(50)]
    config = chosen(with_value(tutorial(), "/globals/basic_experiment/manual_valid_ids", ids)).config
    (fault,) = manual_id_faults(config, {"f0"}.__contains__)
    assert '49 IDs the data set does not have: "f1"' in fault.detail
    assert '"f10" and 39 more; ' in fault.detail


def test_a_small_data_set_is_never_refused_for_its_validation_set():
    assert faults_of(tutorial(), summary(2, Sentiment=two_classes(2))) == {}
    assert faults_of(tutorial(), summary(3, Sentiment=two_classes(3))) == {}


def test_the_metrics_that_decide_are_those_that_are_measured():
    body = with_value(tutorial(), "/globals/metrics/cat_metrics", ["acc", "ap-macro", "mcc"])
    assert chosen(body).config.globals.metrics.cat_averaging_metrics == ["mcc", "ap-macro"]
    body["globals"]["metrics"]["cat_metrics"] = ["acc"]
    assert chosen(body).config.globals.metrics.cat_averaging_metrics == ["acc"]
    assert chosen(tutorial()).config.globals.metrics.con_averaging_metrics == ["loss", "pcc", "r2"]


OCTET = "/input/model_config/octet"


def ours(**octet):
    body = with_value(tutorial(), "/input/model_config", {"model_type": "octet", "octet": octet})
    return faults_of(body)


def test_a_view_must_know_how_it_reads():
    found = ours(views=["raster", "wave", "fields"])
    assert set(found) == {f"{OCTET}/raster", f"{OCTET}/wave", f"{OCTET}/fields"}
    assert "leave `fields` out" in found[f"{OCTET}/fields"]
    assert '{"period": BYTES}' in found[f"{OCTET}/raster"]
    assert "leave `wave` out" in found[f"{OCTET}/wave"]
    assert ours(views=["raster", "wave"], raster={"period": 24}, wave={"reading": "u8"}) == {}
    assert ours(views=["fields"], fields={"length": 24}) == {}
    assert ours(views=["bytes"]) == {}


def test_views_rows_and_numbers_that_make_no_sense_are_told():
    assert "already" in ours(views=["bytes", "ngrams", "bytes"])[f"{OCTET}/views/2"]
    assert "divisor" in ours(raster={"period": 28, "unit": 3})[f"{OCTET}/raster/unit"]
    assert "0 to 1" in ours(wave={"reading": "i16le", "phase": 2})[f"{OCTET}/wave/phase"]


def test_numbers_of_a_record_lie_in_it_and_not_in_one_another():
    runs = [{"at": 0, "reading": "f32le", "count": 2}, {"at": 7, "reading": "u8"}, {"at": 8, "reading": "f64le"}]
    found = ours(fields={"length": 12, "numbers": runs})
    assert set(found) == {f"{OCTET}/fields/numbers/1/at", f"{OCTET}/fields/numbers/2"}
    assert "byte 8" in found[f"{OCTET}/fields/numbers/1/at"]
    assert "byte 16" in found[f"{OCTET}/fields/numbers/2"]


def test_numbers_of_octets_own_model_have_bounds():
    for key, value in {"ema_decay": 1.0, "members": 0, "wide_memory_mb": 1, "ngram_bits": 40, "stride": 3}.items():
        assert list(ours(**{key: value})) == [f"{OCTET}/{key}"]
    assert '"nano"' in ours(size="mano")[f"{OCTET}/size"]
