# style.gp: the common look of all figures. A script begins and ends so:
#
#     figure = 'loss'                                 # plots/loss.gp draws loss.svg
#     load root.'/plots/style.gp'
#     set xlabel 'step'; set ylabel 'nats per character'
#     plot data.'curves.csv' using 'step':'train_loss' with lines linetype 1 title here('training') at end
#
# and is run by a chapter's program, or by hand:
#     gnuplot -e "dir='out/chapter2'; root='.'" plots/loss.gp
#
# dir     where the data are and the figure goes (given)
# root    the project's directory (given, else '.')
# suffix  what the figure's name ends with while it is half drawn (given by the programs, else '')
# data    set here: dir with its slash
#
# Linetypes 1 to 8 have the colours of Okabe and Ito (2008), which colour-blind readers can tell
# apart (the eighth, yellow, is darkened to show on white); widths and dashes differ too, so that a
# figure reads in grey. More words to draw with:
#
#     linetype 1 linecolor rgb faint(1) linewidth 1   single seeds behind their mean
#     0.61 with lines @bound                          a bound that no model passes
#     title here('training') at end                   the curve's name where it ends, not in a key
#     title below('held out') at end                  the same a line lower, where two would meet
#     @beside                                         where many lines end together: a key right of the
#     keyentry with lines linetype 1 title 'PPO'      frame, with a piece of each kind of line
#
# The right margin has room for about fifteen letters. colour(n) is for labels set by hand.

if (!exists("root")) root = '.'
if (!exists("suffix")) suffix = ''
data = dir.'/'

set terminal svg size 760,440 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set output data.figure.'.svg'.suffix
set encoding utf8
set datafile separator ','

# --- colours and lines ---
ink = '#333333'
colours = '#0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9 #000000 #b8a800'
faints = '#a6cbe3 #f2c4a3 #a3dac9 #ebcddd #f5d899 #c4e4f7 #b3b3b3 #e6dfa3'
colour(n) = word(colours, n)
faint(n) = word(faints, n)
set linetype 1 linecolor rgb colour(1) linewidth 2.6 dashtype solid       pointtype 7  pointsize 0.6
set linetype 2 linecolor rgb colour(2) linewidth 2.4 dashtype (10,4)      pointtype 5  pointsize 0.6
set linetype 3 linecolor rgb colour(3) linewidth 2.4 dashtype (2,4)       pointtype 9  pointsize 0.7
set linetype 4 linecolor rgb colour(4) linewidth 2.2 dashtype (10,4,2,4)  pointtype 13 pointsize 0.7
set linetype 5 linecolor rgb colour(5) linewidth 3.4 dashtype solid       pointtype 11 pointsize 0.7
set linetype 6 linecolor rgb colour(6) linewidth 2.0 dashtype (5,4)       pointtype 6  pointsize 0.7
set linetype 7 linecolor rgb colour(7) linewidth 1.2 dashtype solid       pointtype 4  pointsize 0.6
set linetype 8 linecolor rgb colour(8) linewidth 3.0 dashtype (16,4,2,4,2,4) pointtype 8 pointsize 0.7
bound = "linecolor rgb '#555555' linewidth 1.4 dashtype (7,6)"

beside = "set key at graph 1.02, graph 1 left top Left reverse samplen 2 spacing 1.3"

here(name) = '  '.name
below(name) = "\n".here(name)

# --- frame ---
set border 3 linecolor rgb '#999999' linewidth 1
set tics nomirror scale 0.4 textcolor rgb ink
set grid xtics ytics back linetype 7 linecolor rgb '#e4e4e4' linewidth 0.8 dashtype solid
set title textcolor rgb ink offset 0,-0.2
set xlabel textcolor rgb ink
set ylabel textcolor rgb ink offset 0.6,0
set key noautotitle textcolor variable samplen 3 spacing 1.25
set lmargin 8.5
set rmargin 15
set tmargin 2.2
set bmargin 3.6
