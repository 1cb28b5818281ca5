# bug.gp: some columns of curves.csv, one above the other, with a bug and without it.
# Given by exercises/bug.sh: dir, the folder of the hunt; columns, their names.
figure = 'curves'
load 'plots/style.gp'

rows = words(columns)
file(k) = data.(k == 1 ? 'out' : 'sound').'/curves.csv'
title(k) = k == 1 ? 'with the bug' : 'sound'
sound = strlen(system('ls '.file(2).' 2>/dev/null')) ? 2 : 1
set terminal svg size 760, 60 + 220 * rows dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot layout rows, 1
set xlabel 'symbols'
set key outside top right horizontal
set lmargin 11; set rmargin 4
set format x '%.1s%c'
do for [i=1:rows] {
    name = word(columns, i)
    set ylabel name noenhanced
    plot for [k=sound:1:-1] file(k) using 'symbols':name with linespoints linetype k pointsize 0.3 title title(k)
}
unset multiplot
