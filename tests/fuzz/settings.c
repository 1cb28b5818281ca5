/* settings.c: any bytes as --config FILE. What is accepted reads back the same from the JSON that a
 * summary holds. */
#include "fuzz.h"
#include "settings.h"

typedef struct {
    int steps, choice;
    double share;
    bool on;
    const char *text;
} SettingsValues;

static SettingsResult settings_of(SettingsValues *v, const char *path, cJSON **json, Error *err)
{
    *v = (SettingsValues){.steps = 10, .share = 0.5};
    Setting table[] = {
        {"steps", SETTING_INT, &v->steps, .min = 1, .max = 1000, .quick = "5"},
        {"held-out", SETTING_REAL, &v->share, .min = 0, .max = 1},
        {"on", SETTING_SWITCH, &v->on, .help = "or off"},
        {"text", SETTING_STRING, &v->text, .meta = "FILE"},
        {"smoothing", SETTING_CHOICE, &v->choice, .choices = "none|add-k|kneser-ney"},
        {"resume", SETTING_SWITCH, &v->on, .no_json = true},
        {0}};
    char *argv[] = {(char *)"fuzz", (char *)"--config", (char *)path, NULL};
    SettingsResult result = settings_read(table, 3, argv, NULL, err);
    if (result == SETTINGS_GO) {
        *json = settings_json(table);
        REQUIRE(v->steps >= 1 && v->steps <= 1000, "steps %d", v->steps);
        REQUIRE(v->share >= 0 && v->share <= 1, "share %g", v->share);
        REQUIRE(v->choice >= 0 && v->choice <= 2, "choice %d", v->choice);
    }
    settings_free(table);
    return result;
}

FUZZ_TARGET(settings)
{
    Error err = {""}, again;
    SettingsValues v;
    cJSON *json, *same;
    if (settings_of(&v, fuzz_file("config.json", bytes, size), &json, &err) != SETTINGS_GO) {
        fuzz_check_sentence(&err);
        return;
    }
    char *text = cJSON_Print(json);
    const char *path = fuzz_file("again.json", (uint8_t *)text, strlen(text));
    SettingsResult result = settings_of(&v, path, &same, &again);
    REQUIRE(result == SETTINGS_GO, "%s: %s", text, again.text);
    REQUIRE(cJSON_Compare(json, same, true), "%s is read back otherwise", text);
    cJSON_free(text);
    cJSON_Delete(json);
    cJSON_Delete(same);
}
