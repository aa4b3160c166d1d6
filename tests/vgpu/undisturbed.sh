# undisturbed.sh STAND-IN: preloaded into programs that use no CUDA, it changes neither output nor exit status.
said=$(LD_PRELOAD=$1 LOTTO_VGPU_GPU=nonsense bash -c 'echo out; ls / > /dev/null; (exit 3)' 2>&1)
status=$?
echo "$said"
[ "$said" = out ] && [ $status -eq 3 ]
