"""PyTorch's side of the throughput: the network that nasbot has exported, trained by eager PyTorch, and its step as a CUDA graph."""

import importlib.util
import os
import time

import card
from worker import NETWORKS, job

WARM_UP = 5


class Eager:
    """One network in PyTorch."""

    def __init__(self, path, setting):
        spec = importlib.util.spec_from_file_location("model", path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.device = "cuda" if setting.card else "cpu"
        self.seconds = setting.size(1.0, 0.5, 0.5)
        if not setting.card:
            import torch

            torch.set_num_threads(1)

    @classmethod
    def of(cls, setting, worker, name, task):
        """The network as a worker writes it; nothing where this Python has no PyTorch."""
        if not card.pytorch():
            return None
        path = os.path.join(setting.folder, f"{name}.safetensors")
        training = {"steps": 1, "warmup": 0, "batch": 64}
        worker.run(job(NETWORKS[name], task, setting.device, training, save=path))
        return cls(os.path.splitext(path)[0] + ".py", setting)

    def measure(self, batch, precision):
        """Pictures a second: the better of both layouts, and the better one's step as a graph where there is a card."""
        import torch

        rates = {}
        for layout in (torch.contiguous_format, torch.channels_last):
            rates[layout] = self._rate(batch, precision, layout)
        best = max(rates, key=rates.get)
        found = {"eager": rates[best]}
        if self.device == "cuda":
            found["graph"] = self._graph(batch, precision, best)
        return found

    def _step(self, batch, precision, layout):
        """A step over 16 batches of random pictures, and what it needs to be captured."""
        import torch

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.manual_seed(1)
        network = self.module.Network().to(self.device, memory_format=layout)
        inputs = torch.randn(16 * batch, 3, 32, 32, device=self.device)
        targets = torch.randint(10, (16 * batch,), device=self.device)
        decaying = [p for p in network.parameters() if p.dim() > 1]
        others = [p for p in network.parameters() if p.dim() <= 1]
        optimiser = torch.optim.SGD([{"params": decaying, "weight_decay": 5e-4}, {"params": others}], lr=1e-3, momentum=0.9,
                                    nesterov=True)
        x = torch.empty(batch, 3, 32, 32, device=self.device).to(memory_format=layout)
        y = torch.zeros(batch, dtype=torch.long, device=self.device)

        def fetch(place):
            rows = torch.randint(16 * batch, (batch,), device=self.device)
            x.copy_(inputs[rows])
            y.copy_(targets[rows])

        def compute():
            with torch.autocast(self.device, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False):
                loss = torch.nn.functional.nll_loss(network(x).float(), y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

        return fetch, compute

    def _timed(self, batch, step):
        import torch

        wait = torch.cuda.synchronize if self.device == "cuda" else lambda: None
        for place in range(WARM_UP):
            step(place)
        wait()
        since, steps = time.perf_counter(), 0
        while time.perf_counter() - since < self.seconds:
            for _ in range(4):
                step(steps)
                steps += 1
            wait()
        return steps * batch / (time.perf_counter() - since)

    def _rate(self, batch, precision, layout):
        fetch, compute = self._step(batch, precision, layout)

        def step(place):
            fetch(place)
            compute()

        return self._timed(batch, step)

    def _graph(self, batch, precision, layout):
        import torch

        fetch, compute = self._step(batch, precision, layout)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for place in range(3):
                fetch(place)
                compute()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            compute()

        def step(place):
            fetch(place)
            graph.replay()

        return self._timed(batch, step)
