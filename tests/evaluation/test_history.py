from inkdigit.evaluation.history import Meter


def test_meter_weighs_a_batch_by_its_images() -> None:
    meter = Meter()
    meter.add(loss=1.0, correct=1, images=2)
    meter.add(loss=0.25, correct=4, images=4)
    assert (meter.loss, meter.correct, meter.images) == (3.0, 5, 6)
