# chapter2_attention.gp: what each head reads, a panel per layer and head, over one held-out tale.
# Weights under 0.04 are left white. Draws attention.csv (layer, head, row, column, weight; layer by layer,
# head by head), with the words of attention_words.csv along the axes. Given: layers, heads.

figure = 'chapter2_attention'
load root.'/plots/style.gp'

set terminal svg size 380 * layers, 370 * heads + 90 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,13' name figure
set output data.figure.'.svg'.suffix
set palette defined (0 '#dbeaf4', 0.15 '#7fb5d6', 0.5 '#0072b2', 1 '#00263d')
set cbrange [0:1]
set colorbox horizontal user origin 0.1, 0.028 * 4 / heads size 0.35, 0.007 * 4 / heads
set cbtics 0, 0.5, 1
unset grid
unset key
# gnuplot evaluates slowly: a panel looks only at its own lines, from where the head before it ends
array end[layers * heads]
at(l, h) = int((l - 1) * heads + h)
stats data.'attention.csv' skip 1 using (end[at($1, $2)] = $0, $3) name 'row' nooutput
set xrange [-0.5:row_max + 0.5]
set yrange [row_max + 0.5:-0.5]
set xtics out scale 0.2 rotate by 90 right font ',9' offset 0,0.2
set ytics out scale 0.2 font ',9' offset 0.7,0
set lmargin 0
set rmargin 0
set tmargin 0
set bmargin 0

set multiplot layout heads, layers margins 0.16 / layers, 0.985, 0.075 * 4 / heads, 1 - 0.02 * 4 / heads spacing 0.2 / layers, 0.048 * 4 / heads
do for [h = 1:heads] {
    do for [l = 1:layers] {
        first = at(l, h) == 1 ? 0 : int(end[at(l, h) - 1]) + 1
        last = int(end[at(l, h)])
        if (h == heads && l == layers) { set xlabel 'reads from' offset 0,-1.6 } else { unset xlabel }
        if (l == 1) { set ylabel 'at' offset -1,0 } else { unset ylabel }
        set title sprintf('layer %d, head %d', l, h) offset 0,-0.6
        plot data.'attention.csv' skip 1 every ::first::last using ($5 > 0.04 ? $4 : NaN):3:(0.5):(0.5):5 with boxxyerror fillstyle solid noborder linecolor palette, \
             data.'attention_words.csv' skip 1 using 1:1:xticlabels(2):yticlabels(2) with dots linecolor rgb '#ffffff'
    }
}
unset multiplot
