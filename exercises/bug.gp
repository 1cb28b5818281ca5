# bug.gp: some columns of curves.csv, one above the other, with a bug and without it.
# Given by exercises/bug.sh: dir, the folder of the hunt; columns, their names.
figure = 'curves'
load 'plots/style.gp'

rows = words(columns)
set terminal svg size 760, 60 + 220 * rows dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot layout rows, 1
set xlabel 'symbols'
set format x '%.1s%c'
do for [i=1:rows] {
    name = word(columns, i)
    set ylabel name noenhanced
    plot data.'sound/curves.csv' using 'symbols':name with linespoints linetype 2 pointsize 0.3 title 'sound', \
        data.'out/curves.csv' using 'symbols':name with linespoints linetype 1 pointsize 0.3 title 'with the bug'
}
unset multiplot
