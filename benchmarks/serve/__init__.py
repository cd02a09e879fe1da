"""Load on `shopbot serve`, on this machine alone: `load` measures, `kill` kills the server and looks what is lost.

python -m benchmarks.serve.load --seconds 120
python -m benchmarks.serve.kill --times 20
"""
