" Vim syntax file of the attn language.
if exists('b:current_syntax')
  finish
endif

" Where several match at one place, the last one here counts.
syntax match attnPunctuation /[()[\]{},:;]/
syntax match attnOperator /|>\|\*\*\|\/\/\|<<\|>>\|<=\|>=\|==\|!=\|[-+*/%&|^~<>=]/
syntax match attnDefault /\v<(score|mask|weight|o|lse)>/
syntax match attnExtent /\v<\u\w*>/
syntax match attnCoordinate /\v<[bhgijde]>/
syntax match attnType /\v<(f16|bf16|f32|i8|u8|i32|i64|bool|int|float|type)>/
syntax match attnCall /\v<\h\w*>\ze\s*\(/
syntax match attnCall /\v(\|\>\s*)@<=<\h\w*>/
syntax match attnLibrary /\v<(causal|causal_end)>/
syntax match attnLibrary /\v<(alibi|block_diffusion|causal_from|centre|chunked|cosine|dilated|document|even_bits|morton|natten|near|prefix|rebased|rms_norm|rope|rope_pairs|rope_partial|shared_prefix|softcap|squared_distance|t5|tiled|unit|unmorton|where|window)>\ze\s*\(/
syntax match attnLibrary /\v(\|\>\s*)@<=<(alibi|block_diffusion|causal_from|centre|chunked|cosine|dilated|document|even_bits|morton|natten|near|prefix|rebased|rms_norm|rope|rope_pairs|rope_partial|shared_prefix|softcap|squared_distance|t5|tiled|unit|unmorton|where|window)>/
syntax match attnBuiltin /\v<(abs|all|any|atan|ceil|clamp|cos|dot|elu|entmax15|erf|exp|exp2|expm1|float|floor|gelu|int|log|log1p|log2|log_sigmoid|max|min|normalize|relu|round|rsqrt|sigmoid|sign|silu|sin|softmax|softplus|sparsemax|sqrt|sum|sum_after|tan|tanh|topk)>\ze\s*\(/
syntax match attnBuiltin /\v(\|\>\s*)@<=<(abs|all|any|atan|ceil|clamp|cos|dot|elu|entmax15|erf|exp|exp2|expm1|float|floor|gelu|int|log|log1p|log2|log_sigmoid|max|min|normalize|relu|round|rsqrt|sigmoid|sign|silu|sin|softmax|softplus|sparsemax|sqrt|sum|sum_after|tan|tanh|topk)>/
syntax match attnDefinition /\v(<(def|layout|attention)\s+)@<=<\h\w*>/
syntax match attnNumber /\v<\d[0-9_]*%(\.[0-9_]*)?%([eE][-+]?[0-9_]+)?/
syntax match attnNumber /\v\.\d[0-9_]*%([eE][-+]?[0-9_]+)?/
syntax match attnNumber /\v<0[xX][0-9A-Fa-f_]+>/
syntax region attnString start=/"/ skip=/\\./ end=/"/ oneline
syntax match attnComment /#.*$/ contains=attnTodo,@Spell
syntax keyword attnTodo contained TODO FIXME XXX NOTE

syntax keyword attnDeclaration attention def import layout out
syntax keyword attnConditional else if
syntax keyword attnLogical and not or
syntax keyword attnConstant false inf pi true

highlight default link attnBuiltin Function
highlight default link attnCall Function
highlight default link attnComment Comment
highlight default link attnConditional Conditional
highlight default link attnConstant Constant
highlight default link attnCoordinate Special
highlight default link attnDeclaration Keyword
highlight default link attnDefault Identifier
highlight default link attnDefinition Function
highlight default link attnExtent PreProc
highlight default link attnLibrary Function
highlight default link attnLogical Operator
highlight default link attnNumber Number
highlight default link attnOperator Operator
highlight default link attnPunctuation Delimiter
highlight default link attnString String
highlight default link attnTodo Todo
highlight default link attnType Type

let b:current_syntax = 'attn'
