#!/usr/bin/env python3
"""Headers and CPU libraries of torch from its wheels, laid out as libtorch.

Arguments: the folder of the wheels, the folder to make, the version of torch.
"""

import os, shutil, sys, zipfile

wheels, made, version = sys.argv[1:]
wanted = {"libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"}
lib = os.path.join(made, "lib")
os.makedirs(lib)
for wheel in sorted(os.listdir(wheels)):
    with zipfile.ZipFile(os.path.join(wheels, wheel)) as archive:
        for member in archive.infolist():
            name = member.filename
            if os.path.basename(name) in wanted and "/lib/" in name:
                target = os.path.join(lib, os.path.basename(name))
            elif name.startswith("torch/include/") and not name.endswith("/"):
                target = os.path.join(made, name[len("torch/"):])
            else:
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(member) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
lacking = [name for name in ("libtorch_cpu.so", "libc10.so") if not os.path.exists(os.path.join(lib, name))]
if lacking:
    sys.exit("the wheels lack " + ", ".join(lacking))
# torch-sys links -ltorch, which without CUDA is nothing but libtorch_cpu.
os.symlink("libtorch_cpu.so", os.path.join(lib, "libtorch.so"))
with open(os.path.join(made, "build-version"), "w") as file:
    file.write(version + "\n")
