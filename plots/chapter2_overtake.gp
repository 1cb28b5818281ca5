# chapter2_overtake.gp: loss against symbols trained on, for several widths of transformer on two
# texts, with the n-grams of orders 2 to 8. Draws chapter2_overtake.csv and
# chapter2_overtake_ngrams.csv (see overtake.sh).

figure = 'chapter2_overtake'
load root.'/plots/style.gp'

set terminal svg size 760,820 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set output data.figure.'.svg'.suffix
set logscale xy
set xtics ('0.5M' 5e5, '1M' 1e6, '2M' 2e6, '5M' 5e6)
file = data.'chapter2_overtake.csv'

grams = data.'chapter2_overtake_ngrams.csv'
stats file using ($1 == 0 ? $3 : NaN) name 'tales' nooutput
stats file using ($1 == 1 ? $3 : NaN) name 'text' nooutput

# names interrupt their lines, at every second place
set style textbox opaque noborder fillcolor rgb '#ffffff' margins 0, 0.3
along(order) = order == 2 ? 5 : 1.05 + 0.3 * (int(order) % 2) * (order > 6 ? 2 : 1)

set multiplot layout 2,1
set lmargin 8
set rmargin 12
set title 'the tales'
set ylabel 'nats per symbol'
set yrange [0.14:4.2]
set ytics (0.15, 0.2, 0.3, 0.5, 1, 2, 4)
set xrange [tales_min:tales_max * 1.02]
plot grams using ($1 == 0 ? tales_min : NaN):3:(tales_max - tales_min):(0) with vectors nohead @bound, \
     grams using ($1 == 0 && $2 != 7 ? tales_min * along($2) : NaN):3:(sprintf(' order %d ', $2)) with labels boxed left font ',12' textcolor rgb '#555555', \
     for [i = 1:3] file using ($1 == 0 && $2 == 8 * 2**i ? $3 : NaN):4 with lines linetype i title here(sprintf('%d wide', 8 * 2**i)) at end
set title 'Shakespeare'
set xlabel 'symbols trained on'
set yrange [1.45:3.2]
set ytics (1.5, 1.6, 1.7, 1.8, 2, 2.5, 3)
set xrange [text_min:text_max * 1.02]
plot grams using ($1 == 1 ? text_min : NaN):3:(text_max - text_min):(0) with vectors nohead @bound, \
     grams using ($1 == 1 && $2 != 6 && $2 != 8 ? text_min * along($2) : NaN):3:(sprintf(' order %d ', $2)) with labels boxed left font ',12' textcolor rgb '#555555', \
     for [i = 1:2] file using ($1 == 1 && $2 == 32 * 2**i ? $3 : NaN):4 with lines linetype i + 2 title here(sprintf('%d wide', 32 * 2**i)) at end
unset multiplot
