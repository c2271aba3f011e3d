for n in $(seq 0 249); do echo "import \"f$((n + 1)).attn\"" > %t/f$n.attn; done; echo 'def near(w) = window(w)' > %t/f250.attn; %attnc check %t/f0.attn
