"""SRGAN killed within either phase or between the two, and resumed, equals SRGAN never killed."""

import signal

import numpy as np

SCRIPT = """
import os, signal
import keras, numpy as np
from gankit.callbacks import BackupAndRestore, Validate
from gankit.commands.srgan import y_psnr
from gankit.models.srgan import LIGHT, SRGAN

sizes = LIGHT | {"width": 2, "blocks": 1}, {"width": 1, "dense": 2}
gan = SRGAN((16, 16, 3), 2, *sizes, seed=seed)
crops = np.random.default_rng(0).uniform(-1, 1, (12, 16, 16, 3)).astype("float32")
held_out = np.random.default_rng(1).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")

class Kill(keras.callbacks.Callback):
    def __init__(self, phase):
        self.phase, self.epoch = phase, 0
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_begin(self, batch, logs=None):
        if kill_at == f"{self.phase} {self.epoch} {batch}":
            os.kill(os.getpid(), signal.SIGKILL)

history = []
for phase, weight in (("mse", 0), ("gan", 1e-3)):
    gan.compile(adversarial_weight=weight)
    best = Validate({"psnr": lambda a, b: y_psnr(a, b, 2)}, held_out[:, ::2, ::2], held_out,
                    monitor="psnr", mode="max", path=f"{folder}/{phase}.keras")
    backup = BackupAndRestore(f"{folder}/{phase}", delete_when_done=False, save_freq=1)
    history.append(gan.fit(crops, batch_size=4, epochs=3, verbose=0,
                           callbacks=[best, backup, Kill(phase)]).history)
    history.append({"best": [best.best_value, best.best_epoch]})
    if kill_at == f"after {phase}":
        os.kill(os.getpid(), signal.SIGKILL)
variables = [*gan.variables, *gan.optimizer.variables]
arrays = [keras.ops.convert_to_numpy(v.value) for v in variables]
np.savez(out, *arrays, *[np.array(v) for h in history for v in h.values()])
"""


def test_killed_within_and_between_the_phases_equals_never_killed(run_process, tmp_path):
    def run_all(kills):
        folder = tmp_path / f"{len(kills)}"
        folder.mkdir()
        for seed, kill_at in enumerate(kills):  # another seed each: all comes from the backup
            out = folder / f"{kill_at or 'whole'}.npz"
            names = {"out": str(out), "folder": str(folder), "kill_at": kill_at, "seed": seed}
            assert run_process(SCRIPT, **names) == (-signal.SIGKILL if kill_at else 0)
        return np.load(out)

    whole, resumed = run_all([""]), run_all(["mse 1 2", "after mse", "gan 1 1", ""])
    assert resumed.files == whole.files and len(whole.files) > 40
    for name in whole.files:
        np.testing.assert_array_equal(resumed[name], whole[name])
