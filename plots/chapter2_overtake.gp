# chapter2_overtake.gp: loss against symbols trained on, for three sizes of transformer on two texts,
# with the best n-gram of each. Draws chapter2_overtake.csv (see overtake.sh).
# Given: tales_ngram, tales_order, text_ngram, text_order.

figure = 'chapter2_overtake'
load root.'/plots/style.gp'

set terminal svg size 980,440 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set output data.figure.'.svg'.suffix
set logscale xy
set format x '10^{%T}'
set xlabel 'symbols trained on'
file = data.'chapter2_overtake.csv'

set multiplot layout 1,2
set lmargin 8
set rmargin 13
set title 'the tales'
set ylabel 'nats per symbol'
set yrange [0.14:4.2]
set ytics (0.15, 0.2, 0.3, 0.5, 1, 2, 4)
set label 1 sprintf("n-gram,\norder %d", tales_order) at graph 1.02, first tales_ngram textcolor rgb '#555555'
plot tales_ngram with lines @bound, \
     for [i = 1:3] file using ($1 == 0 && $2 == 8 * 2**i ? $3 : NaN):4 with lines linetype i title here(sprintf('%d wide', 8 * 2**i)) at end
set title 'Shakespeare'
unset ylabel
set yrange [1.4:3.2]
set ytics (1.4, 1.5, 1.6, 1.7, 1.8, 2, 2.5, 3)
set label 1 sprintf("n-gram,\norder %d", text_order) at graph 1.02, first text_ngram
plot text_ngram with lines @bound, \
     for [i = 1:3] file using ($1 == 1 && $2 == word('64 128 192', i) ? $3 : NaN):4 with lines linetype i title here(word('64 128 192', i).' wide') at end
unset multiplot
