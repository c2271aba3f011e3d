%attnc inputs/not-compiled-yet.attn -o %t/kernel.o
